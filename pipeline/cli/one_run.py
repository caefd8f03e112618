"""The service's child: ``thaw`` with the arguments behind the first, which is the folder to be in.

It ends when the service has gone, even if that was killed: whoever starts the service again must
not wait for a run that nobody follows.
"""

import os
import sys

from components.subprocess_runner import watch_parent
from pipeline.cli import main

if __name__ == "__main__":
    os.chdir(sys.argv[1])
    sys.argv[:] = ["thaw", *sys.argv[2:]]
    watch_parent()
    main()
