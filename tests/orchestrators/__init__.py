"""Checks of the integrations, each in its orchestrator's own environment.

`make test-orchestrators` installs the environments and runs the checks. The modules are not named
`test_…`, because `make test` runs in an environment without orchestrators.
"""
