"""The task of flip books as the protocol offers it."""

import time
from collections.abc import Mapping

import numpy as np
from zograscope_protocol.flipbook.tasks import FlipbookOptions
from zograscope_server.flipbook.errors import FlipbookError
from zograscope_server.tasks import TaskContext, TaskResult, task

LONGEST_WORD = 12


@task(FlipbookOptions, version=1, cacheable=True, pausable=True)
def flipbook(
    inputs: Mapping[str, np.ndarray], options: FlipbookOptions, context: TaskContext
) -> TaskResult:
    """Draw the pages, each a part."""
    import cv2
    from zograscope_server.flipbook.drawing import draw_page

    if len(options.word) > LONGEST_WORD:
        count = len(options.word)
        raise FlipbookError("word-too-long", word=options.word, count=count, most=LONGEST_WORD)
    for number in range(context.parts, options.frames):
        if context.pause_asked.is_set():
            with context.checkpoint():
                pass  # the pages that are there are all that it takes to go on
            context.pause_if_asked()
        context.progress(number / options.frames, "Drawing", f"{number + 1} of {options.frames}")
        page = draw_page(options.word, options.size, number / max(options.frames - 1, 1))
        context.preview(page[..., ::-1])
        context.emit(number, {"file": cv2.imencode(".png", page)[1].ravel()})
        time.sleep(options.seconds)
    return TaskResult(metadata={"frames": options.frames})
