"""Why programs fail, in whose words; and in which environment they run."""

import sys

import pytest

DNS = (
    "error: Request failed after 5 retries in 21.6s\n  cause: Failed to fetch: `https://x/torch/`\n"
    "  cause: dns error\n  cause: failed to lookup address information: Name or service not known"
)
MISSING = (
    "error: No solution found when resolving dependencies\n"
    "  cause: Because c2pa-python==0.38.2 has no wheels with a matching platform tag and you "
    "require c2pa-python==0.38.2, we can conclude that your requirements are unsatisfiable."
)


@pytest.mark.parametrize(
    ("said", "code"),
    [
        (DNS, "no-network"),
        ("error: Failed to download `torch`\n cause: operation timed out", "no-network"),
        ("error: failed to copy\n  cause: No space left on device (os error 28)", "disk-full"),
        ("error: There is not enough space on the disk. (os error 112)", "disk-full"),
        ("error: failed to create directory: Permission denied (os error 13)",
         "folder-not-writable"),
        ("error: Access is denied. (os error 5)", "folder-not-writable"),
        ("[Errno 30] Read-only file system: '/srv/server'", "folder-not-writable"),
        ("  cause: invalid peer certificate: UnknownIssuer", "certificate"),
        ("  cause: HTTP status client error (403 Forbidden) for url (https://x)", "index-refuses"),
        ("ERROR: HTTP error 401 while getting https://x", "index-refuses"),
        # Sizes and names of packages on the way to what went wrong are no reasons.
        ("Downloading nvidia-cublas (403.5MiB)\n Downloaded networkx\n"
         "error: Failed to download `torch`\n  cause: tcp connect error", "no-network"),
        ("Downloading kernels (401 KiB)\nerror: something else", "failed"),
        ("Downloaded networkx\nDownloaded certificates-Forbidden\nerror: a crash", "failed"),
        ("HTTP status client error (407 Proxy Authentication Required)", "index-refuses"),
        ("error: Hash mismatch for `filling==1.0`", "download-damaged"),
        (MISSING, "package-missing"),
        ("error: the moon is down", "failed"),
    ],
)  # fmt: skip
def test_the_reason(modules, said, code):
    failure = modules.programs.reason(said)
    assert failure.code == code
    assert failure.details == said
    error = modules.errors.SetupError(
        f"setup-{code}", failure.details, folder="/srv/server", **failure.facts
    )
    assert "{" not in error.sentence


def test_what_is_missing_is_named(modules):
    assert modules.programs.reason(MISSING).facts == {"package": "c2pa-python==0.38.2"}
    assert modules.programs.reason("one\ntwo\n\n").facts == {"problem": "two"}


def run(modules, tmp_path, code: str, look=lambda: None, patience=None) -> str:
    command = [sys.executable, "-c", code]
    return modules.programs.run(command, {}, tmp_path, tmp_path / "log", look, patience)


def test_what_it_says_is_returned_and_kept(modules, tmp_path):
    assert run(modules, tmp_path, "print(1)").strip() == "1"
    assert run(modules, tmp_path, "print(2)").strip() == "2"
    assert "1" in (tmp_path / "log").read_text()


def test_who_does_not_answer_is_ended(modules, tmp_path):
    with pytest.raises(modules.programs.FailedError) as failed:
        run(modules, tmp_path, "import time; time.sleep(60)", patience=0.2)
    assert failed.value.code == "no-answer"


def test_what_the_user_has_set_counts_and_the_preferences_more(modules, monkeypatch, tmp_path):
    monkeypatch.setenv("UV_HTTP_TIMEOUT", "7")
    monkeypatch.setenv("UV_DEFAULT_INDEX", "https://mirror/simple")
    monkeypatch.setenv("PYTHONPATH", "/somewhere")
    order = modules.orders.Order("install", str(tmp_path), online=True)
    environment = modules.programs.environment_for(order)
    assert environment["UV_HTTP_TIMEOUT"] == "7"
    assert environment["UV_CACHE_DIR"] == str(tmp_path / "cache")
    assert "PYTHONPATH" not in environment
    assert modules.programs.has_own_index(order, environment)
    order = modules.orders.Order("install", str(tmp_path), index="https://own", proxy="http://p:1")
    environment = modules.programs.environment_for(order)
    assert environment["UV_DEFAULT_INDEX"] == "https://own"
    assert environment["HTTPS_PROXY"] == "http://p:1"
    assert environment["UV_PYTHON_DOWNLOADS"] == "never"  # it is offline


def test_a_folder_of_wheels_may_bring_python(modules, tmp_path):
    (tmp_path / "python").mkdir()
    order = modules.orders.Order("install", str(tmp_path / "server"), wheelhouse=str(tmp_path))
    environment = modules.programs.environment_for(order)
    assert environment["UV_PYTHON_INSTALL_MIRROR"].startswith("file://")
    assert environment["UV_PYTHON_DOWNLOADS"] == "automatic"
