#   Settings of a worker: bin/publisher --config docs/examples/publisher.zpl
#   One 'name = value' a line, the names of the long flags; flags override them.

#   This node is n1: it publishes on port 7101 and answers on 7201.
number = 1

#   Or give it a name of its own, up to 63 of A-Z a-z 0-9 . _ -
#   node = web1

#   What to publish: bpf measures this kernel.
source = bpf

#   Measure one process or one cgroup only. The old system always watched pid 3327.
#   pid = 3327
#   cgroup = /system.slice/nginx.service

#   Where frames are kept; the folder is made where it does not exist.
store = var/n1

#   Frames that are older are deleted, and the oldest ones while there are more bytes of them. What
#   a broker missed can be pulled again for as long.
keep = 24h
keep-bytes = 256MB

#   Wait for the disk with every frame: a loss of power then takes none, else the last second.
#   sync = yes

#   The broker to announce this worker to, or none. It need not run yet.
coordinator = tcp://127.0.0.1:7002

#   To be reached by a broker on another machine: bind a wildcard, name the address to announce,
#   and allow the link, which is not yet encrypted.
#   publish = tcp://*:7101
#   answer = tcp://*:7201
#   advertise = 10.0.0.5
#   insecure = yes

#   Print every 10 s what measuring costs.
#   cost = yes
