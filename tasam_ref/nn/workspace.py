"""What evaluates a network: compiled for the paper's tanh networks, in NumPy for those of its rivals."""

from .passes import TanhWorkspace
from .regularised import RegularisedWorkspace


def workspace(net, columns, dtype, dropout=False):
    """The workspace of this network for so many columns; ``dropout`` asks for one that takes masks."""
    plain = net.activation == "tanh" and not (net.layer_norm or net.spectral or dropout)
    return (TanhWorkspace if plain else RegularisedWorkspace)(net, columns, dtype)
