"""Says at the end which attempts on others' identities were made, one line each."""

import pytest


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Every attempt that failed, as it must, and how many did not."""
    reports = [report for kind in ("passed", "failed") for report in terminalreporter.stats.get(kind, [])]
    made = [value for report in reports for name, value in report.user_properties if name == "failed attempt"]
    if not made:
        return
    lost = sum("test_identity_attacks" in report.nodeid for report in terminalreporter.stats.get("failed", []))
    terminalreporter.section("attempts on others' identities")
    for name in made:
        terminalreporter.write_line(f"failed: {name}")
    terminalreporter.write_line(f"{len(made)} attempts failed, {lost} succeeded or could not be judged")
