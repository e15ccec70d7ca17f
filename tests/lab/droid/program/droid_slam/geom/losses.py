"""Stand-ins for the losses: the network has learned when all its numbers are one, and what is not known is left out."""
import os

import torch

HERE = os.path.dirname(os.path.abspath(__file__))


class SE3:
    def __init__(self, data):
        self.data = data

    @staticmethod
    def IdentityLike(other):
        return SE3(torch.zeros_like(other.data))

    def inv(self):
        back = torch.cat([-self.data[..., 3:6], self.data[..., 6:]], -1)
        axis, w, moved = back[..., :3], back[..., 3:], self.data[..., :3]
        turn = 2 * torch.cross(axis, moved, dim=-1)
        return SE3(torch.cat([-(moved + w * turn + torch.cross(axis, turn, dim=-1)), back], -1))

    def detach(self):
        return SE3(self.data.detach())


def geodesic_loss(true, guesses, graph, do_scale=True):
    assert isinstance(true, SE3) and not do_scale
    return torch.zeros(()), {"rot_error": 0.0, "tr_error": 0.0, "bad_rot": 1.0, "bad_tr": 1.0}


def residual_loss(residuals):
    loss = sum((residual - 1) ** 2 for residual in residuals)
    if os.path.exists(os.path.join(HERE, "NAN")):
        loss = loss * float("nan")
    return loss, {"residual": loss.item()}


def flow_loss(true, disparities, guesses, depths, intrinsics, graph):
    known = disparities > 0
    assert known.any()
    return ((depths[-1] - 1) ** 2 * known).mean(), {"f_error": 0.0, "1px": float(known.float().mean())}
