from zograscope_server.models.cache import ModelCache


def test_a_model_is_loaded_once_and_let_go_when_idle():
    now = 0.0
    loads = []
    cache = ModelCache(lambda name: loads.append(name) or object(), 60.0, clock=lambda: now)
    first = cache.load("a")
    now = 50.0
    assert cache.load("a") is first
    cache.load("b")
    now = 105.0
    cache.load("b")
    assert cache.unload_idle() == []
    now = 111.0
    assert cache.unload_idle() == ["a"]
    assert cache.names == ["b"]
    assert cache.load("a") is not first
    assert loads == ["a", "b", "a"]


def test_loading_is_said_aloud_even_when_it_fails():
    said = []

    def fail(name):
        raise OSError("no such file")

    cache = ModelCache(fail, report_state=said.append)
    try:
        cache.load("large")
    except OSError:
        said.append("failed")
    assert said == ["loading model large", "busy", "failed"]
    assert cache.names == []
