"""Movement of users inside their DU's area (Sec. VI-A)."""

import numpy as np
from numba import njit


@njit(cache=True, error_model="numpy")
def move(position, heading, speed, centre, radius, frame_s):
    """Move every user for one frame along its heading; at the edge of its disc it turns back to the centre.

        x(t+1) = x(t) + v dt (cos phi, sin phi)

    position (U, 2) m, heading (U,) rad, speed (U,) m/s, centre (U, 2) m of each user's disc, radius m, frame_s s.
    Returns the new position and heading.  A user that starts inside its disc stays inside as long as
    v dt <= radius.  Source: Sec. VI-A; the behaviour at the edge is reading R08.
    """
    new_position = np.empty_like(position)
    new_heading = np.empty_like(heading)
    for u in range(position.shape[0]):
        phi = heading[u]
        step = speed[u] * frame_s
        x = position[u, 0] + step * np.cos(phi)
        y = position[u, 1] + step * np.sin(phi)
        if (x - centre[u, 0]) ** 2 + (y - centre[u, 1]) ** 2 > radius * radius:
            phi = np.arctan2(centre[u, 1] - position[u, 1], centre[u, 0] - position[u, 0])
            x = position[u, 0] + step * np.cos(phi)
            y = position[u, 1] + step * np.sin(phi)
        new_position[u, 0] = x
        new_position[u, 1] = y
        new_heading[u] = phi
    return new_position, new_heading
