"""`python -m m2s_orchestration.cli` is the command m2s."""

from m2s_orchestration.cli import main

main(prog_name="m2s")
