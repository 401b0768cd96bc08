"""`python -m portal.cli.purser`."""

import sys

from .main import main

sys.exit(main())
