"""Settings for all tests of a project, to be loaded where its tests begin."""

from hypothesis import HealthCheck, Phase, settings

settings.register_profile(
    "tests",
    deadline=None,  # a busy machine is no failure; the time limit remains
    derandomize=True,  # the same examples each time
    phases=set(Phase) - {Phase.explain},  # that one runs a failing example many times
    suppress_health_check=[HealthCheck.too_slow],  # likewise
)
settings.load_profile("tests")
