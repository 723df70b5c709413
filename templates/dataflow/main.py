"""What the launcher of a flex template starts: the job that the image was made for."""

import os
import sys

from persona_hub.pipelines.main import main

if __name__ == "__main__":
    arguments = sys.argv[1:]
    image = os.environ.get("PERSONA_HUB_IMAGE", "")
    if image and not any(argument.startswith("--sdk_container_image") for argument in arguments):
        arguments.append(f"--sdk_container_image={image}")  # workers run what the launcher runs
    sys.exit(main([os.environ["PERSONA_HUB_JOB"], *arguments]))
