#   Settings of the live tail: bin/subscriber --config docs/examples/subscriber.zpl
#   One 'name = value' a line, the names of the long flags; flags override them. What to show is
#   said on the command line: subscriber runqlat from 'web*'

#   Where frames are published: the coordinator's live endpoint, or workers' own, with commas.
live = tcp://127.0.0.1:7001
#   live = tcp://127.0.0.1:7101,tcp://127.0.0.1:7102

#   lines, hist, heat or top.
view = lines

#   Of lines: text; ndjson, one JSON object a frame and line; csv; or msgpack, the frames' bytes.
format = text

#   Show the rolling window of so long, not each frame alone.
#   over = 1m

#   Begin so long ago, with what the coordinator keeps; and where it is asked.
#   since = 5m
endpoint = tcp://127.0.0.1:7002

#   End with exit code 3 when no frame comes for so many seconds; without it: wait.
#   timeout = 10

#   End after so many frames, or after so long; without them: never.
#   count = 60
#   duration = 10m
