"""`python -m graphgov`, the same as the command `graphgov`."""

from graphgov.cli import main

main()
