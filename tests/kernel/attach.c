//  SPDX-License-Identifier: GPL-2.0-or-later
//  attach - load a BPF object, attach its programs until standard input ends. For the benchmark.

#include <stdio.h>
#include <bpf/libbpf.h>

static int
s_attach (struct bpf_object *object)
{
    struct bpf_program *program;
    if (!object || bpf_object__load (object))
        return -1;
    bpf_object__for_each_program (program, object) if (!bpf_program__attach (program)) return -1;
    return 0;
}

int
main (int argc, char **argv)
{
    struct bpf_object *object = argc == 2 ? bpf_object__open_file (argv[1], NULL) : NULL;
    if (s_attach (object)) {
        fprintf (stderr, "attach: cannot attach the programs of %s\n", argc == 2 ? argv[1] : "?");
        return 1;
    }
    puts ("attached");
    fflush (stdout);
    while (getchar () != EOF)
        continue;
    return 0;
}
