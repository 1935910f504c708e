"""The loaded models of one worker: each loaded once, kept while it is used, let go when idle."""

import gc
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

Loader = Callable[[str], Any]


@dataclass
class _LoadedModel:
    model: Any
    last_used: float


class ModelCache:
    """Loaded models by name.

    `loader` turns a name into a loaded model on the worker's device; it raises `ZograscopeError`
    (`unknown-model`, `model-not-installed`, ...) where that cannot be. `report_state` is told what
    is happening ("loading model NAME") while it runs.
    """

    def __init__(
        self,
        loader: Loader,
        idle_seconds: float = 600.0,
        report_state: Callable[[str], None] = lambda state: None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._loader = loader
        self._idle_seconds = idle_seconds
        self._report_state = report_state
        self._clock = clock
        self._loaded: dict[str, _LoadedModel] = {}

    @property
    def names(self) -> list[str]:
        """Names of the models that are in memory now."""
        return list(self._loaded)

    def load(self, name: str) -> Any:
        """Return the model `name`, loading it if it is not in memory."""
        entry = self._loaded.get(name)
        if entry is None:
            self._report_state(f"loading model {name}")
            try:
                entry = _LoadedModel(self._loader(name), self._clock())
            finally:
                self._report_state("busy")
            self._loaded[name] = entry
        entry.last_used = self._clock()
        return entry.model

    def unload_idle(self) -> list[str]:
        """Let go of the models that nobody asked for during the idle time; return their names."""
        oldest = self._clock() - self._idle_seconds
        idle = [name for name, entry in self._loaded.items() if entry.last_used < oldest]
        for name in idle:
            del self._loaded[name]
        if idle:
            _release_memory()
        return idle


def _release_memory() -> None:
    gc.collect()
    torch = sys.modules.get("torch")
    if torch is not None and torch.cuda.is_available():
        torch.cuda.empty_cache()
