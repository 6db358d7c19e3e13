"""WhatsApp lines, their sealed connections and the one client of Meta's Cloud API."""
