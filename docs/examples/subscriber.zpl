#   Settings of the live tail: bin/subscriber --config docs/examples/subscriber.zpl
#   One 'name = value' a line, the names of the long flags; flags override them. What to show is
#   said on the command line: subscriber runqlat from 'web*'

#   Where frames are published: the coordinator's live endpoint, or workers' own, with commas.
live = tcp://127.0.0.1:7001
#   live = tcp://127.0.0.1:7101,tcp://127.0.0.1:7102

#   text, or ndjson: one JSON object a frame and line.
format = text

#   End with exit code 3 when no frame comes for so many seconds; without it: wait.
#   timeout = 10

#   End after so many frames; without it: never.
#   count = 60
