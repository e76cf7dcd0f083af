"""The chat page. Importing it sets what Gradio reads from the environment when it is imported.

No analytics leave the machine, and the queue does not sum itself up after each event: with pandas,
over up to 10,000 events, for a monitoring page that is off.
"""

import os

os.environ["GRADIO_ANALYTICS_ENABLED"] = "False"
os.environ["GRADIO_ANALYTICS_CACHE_FREQUENCY"] = str(2**62)
os.environ["GRADIO_ANALYTICS_MAX_EVENTS"] = "1"
