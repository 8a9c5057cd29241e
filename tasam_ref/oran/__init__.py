"""The radio network as a decision process: topology, draws, radio, latency, QoS, constraints, action, reward, env."""
