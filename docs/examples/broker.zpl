#   Settings of the coordinator: bin/broker --config docs/examples/broker.zpl
#   One 'name = value' a line, the names of the long flags; flags override them.

#   Where all frames are kept; the folder is made where it does not exist.
store = var/broker

#   How long frames are kept, one a second and node, and what they add up to by the minute, the hour
#   and the day. Windows are answered from what is left; seconds that are gone count as missing.
keep = 24h
keep-minutes = 30d
keep-hours = forever
keep-days = forever

#   Wait for the disk with every write: a loss of power then takes none, else the last second.
#   sync = yes

#   Where frames are sent on as they arrive, and where statements are answered. Workers announce
#   themselves on the second.
live = tcp://127.0.0.1:7001
answer = tcp://127.0.0.1:7002

#   Workers to subscribe to besides those that announce themselves. What is listed here is looked
#   for there and nowhere else.
#   workers = n1=tcp://10.0.0.5:7101,n2=tcp://10.0.0.6:7101

#   Forwarders to subscribe to: each publishes the frames of many nodes, as another broker does on
#   its live endpoint. A node keeps its worker while that is live.
#   forwarders = tcp://10.0.1.1:7001,tcp://10.0.2.1:7001

#   How many nodes they may bring, and how many frames a second of each, on the average. A node
#   sends one a second; more lets a forwarder catch up.
#   forwarded-nodes = 100000
#   forwarded-rate = 20

#   Let other machines reach the broker. The links are not yet encrypted.
#   live = tcp://*:7001
#   answer = tcp://*:7002
#   insecure = yes
