// The names of the shell's commands, in the order of `help`, and what `help` says.

export const COMMAND_NAMES: StaticArray<string> = [
  "ls", "cat", "put", "mkdir", "rm", "mv", "stat", "hash", "df", "sync", "snapshot", "services", "kill", "help", "poweroff",
];

export const HELP_TEXT: string = `ls [-l] [-R] [PATH...]        names in a directory; -l attributes, -R everything below
cat PATH...                   print files
put PATH [TEXT...]            write a file: the text and a newline, or what is typed up to ^D
mkdir [-p] PATH...            make directories; -p with those above them
rm [-r] PATH...               remove files; -r whole directories
mv SOURCE... TARGET           rename, or move into a directory
stat PATH...                  everything known about a file, with its content hash
hash [-R] PATH...             BLAKE3 of files, as b3sum prints it; -R everything below
df                            space and counts
sync                          when it returns, everything survives power loss
snapshot create NAME          name the present state
snapshot list                 names, heights and times
snapshot diff A [B]           what changed from A to B, or to now
snapshot rollback NAME        go back; what is replaced is kept as a snapshot
snapshot delete NAME          forget a snapshot and free its space
services                      the services: state, restarts, memory, calls, time, last fault
kill SERVICE                  end a service, as a bug in it would; it restarts
poweroff                      sync and switch off; ^D on an empty line does the same
Commands are separated by ;   Words with blanks go in '...' or "...". Paths start at / with or without it.
`;
