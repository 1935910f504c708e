"""One certificate, one marker and one picture, from which tests make what they need."""

import io
from datetime import UTC, datetime

import cv2
import numpy as np
import pytest
from PIL import Image
from zograscope_server.provenance.certificates import Certificate, make_certificate
from zograscope_server.provenance.marks import Made, Marker


@pytest.fixture(scope="session")
def certificate() -> Certificate:
    return make_certificate("The museum of tests")


@pytest.fixture(scope="session")
def marker(certificate) -> Marker:
    return Marker(certificate)


@pytest.fixture(scope="session")
def picture() -> np.ndarray:
    """A picture of noise, in which every pixel counts: uint8 (90, 120, 3)."""
    return np.random.default_rng(7).integers(0, 256, (90, 120, 3), np.uint8)


@pytest.fixture(scope="session")
def png(picture) -> bytes:
    return cv2.imencode(".png", picture)[1].tobytes()


@pytest.fixture(scope="session")
def made(picture) -> Made:
    stream = io.BytesIO()
    Image.fromarray(picture).save(stream, "JPEG")
    return Made(
        source=stream.getvalue(),
        source_name="La Velata.jpg",
        driver_name="actress.mp4",
        model="mesh",
        networks=False,
        when=datetime(2026, 11, 24, 12, 30, tzinfo=UTC),
    )
