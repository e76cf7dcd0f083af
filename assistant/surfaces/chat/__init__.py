"""The chat page. Importing it turns Gradio's analytics off before Gradio is imported."""

import os

os.environ["GRADIO_ANALYTICS_ENABLED"] = "False"
