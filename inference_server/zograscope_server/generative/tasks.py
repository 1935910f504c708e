"""The tasks of dreaming as the protocol offers them."""

from zograscope_server.generative.training.task import train

__all__ = ["train"]
