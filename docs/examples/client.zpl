#   Settings of the client: bin/client --config docs/examples/client.zpl
#   One 'name = value' a line, the names of the long flags; flags override them.

#   The coordinator to ask. Where none is named, tcp://127.0.0.1:7002 is asked, and where nobody
#   is there the workers of this machine.
#   endpoint = tcp://10.0.0.1:7002

#   Or ask these workers themselves, each its own part, and join the answers.
#   workers = n1=tcp://127.0.0.1:7201,n2=tcp://127.0.0.1:7202,n3=tcp://127.0.0.1:7203

#   How answers are printed: auto, table, vertical, heat, csv, tsv, json or ndjson.
format = auto

#   Seconds to wait for an answer.
timeout = 5

#   Fail where a worker does not answer, or a row has no frame of its window.
strict = no
