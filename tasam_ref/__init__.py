"""Reference implementation of TA-SAM MARL: sharpness-aware multi-agent slicing of an O-RAN cell.

The package follows the paper *Task-Specific Sharpness-Aware O-RAN Resource Management using
Multi-Agent RL*.  Data flow one way:

    config -> streams -> kernels -> oran -> nn, optim -> marl -> methods -> experiments -> cli
"""

__version__ = "0.1.0"
