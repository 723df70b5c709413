"""`python -m persona_hub`: the console command."""

import sys

from persona_hub.pipelines.main import main

if __name__ == "__main__":
    sys.exit(main())
