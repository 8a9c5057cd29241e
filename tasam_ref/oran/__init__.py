"""The radio network as a decision process: topology, traffic, latency, QoS, constraints, action, reward, env."""
