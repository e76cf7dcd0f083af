"""The chat page. Importing it sets environment variables that Gradio reads when it is imported.

Gradio sends no analytics, and its queue computes no statistics for the monitoring page, which is
off: after each event it would do so with pandas over up to 10,000 events.
"""

import os

os.environ["GRADIO_ANALYTICS_ENABLED"] = "False"
os.environ["GRADIO_ANALYTICS_CACHE_FREQUENCY"] = str(2**62)
os.environ["GRADIO_ANALYTICS_MAX_EVENTS"] = "1"
