#!/bin/bash
# The Logstash output as its users run it: see test/e2e/logstash/story.py.
exec python3 "$(dirname "$0")/logstash/story.py"
