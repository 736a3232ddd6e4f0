"""Settings of the service from the environment and from options."""

from __future__ import annotations

from pathlib import Path

import pytest

from model.errors import SettingError
from service.settings import Settings


def test_settings_come_from_the_environment_and_options(tmp_path: Path) -> None:
    environ = {"CHUDE_HOME": str(tmp_path), "CHUDE_PORT": "81", "CHUDE_REQUIRE_KEY": "yes", "CHUDE_THREADS": "3"}
    settings = Settings.from_environ(environ, threads=5, host=None)
    assert (settings.port, settings.require_key, settings.threads, settings.host) == (81, True, 5, "127.0.0.1")
    beside_a_service = {**environ, "CHUDE_PORT": "tcp://10.0.0.1:8000"}
    assert Settings.from_environ(beside_a_service).port == 8000
    assert Settings.from_environ(beside_a_service, port=82).port == 82
    for name, value in (
        ("CHUDE_PORT", "x"),
        ("CHUDE_PORT", "http://10.0.0.1:8000"),
        ("CHUDE_THREADS", "tcp://10.0.0.1:8000"),
        ("CHUDE_PORT", "70000"),
        ("CHUDE_WORKERS", "0"),
        ("CHUDE_REQUIRE_KEY", "?"),
    ):
        with pytest.raises(SettingError, match=name):
            Settings.from_environ({name: value})
