// The sandbox image's only program.
module windlass.dev/test/cluster/components/pause

go 1.26.0
