"""How many bad inputs are tried: a few that are the same in every run, or with `--hypothesis-profile=long` minutes of new ones."""

from typing import Any

from hypothesis import HealthCheck, settings

# A fixture such as `tmp_path` is one folder for all examples of a test; they overwrite each other's files.
SHARED: dict[str, Any] = {
    "deadline": None,
    "suppress_health_check": [HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
}
settings.register_profile("few", max_examples=12, derandomize=True, database=None, **SHARED)
settings.register_profile("long", max_examples=1500, print_blob=True, **SHARED)
settings.load_profile("few")
