#!/usr/bin/python3
"""typist.py TEXT... -- COMMAND...: run COMMAND on a terminal of its own and type each TEXT into it as a person does.

Between keys pass 80 to 250 ms, between texts a second; the pauses are the same each time. \\n and \\x7f in a TEXT mean what Python means.
"""

import codecs
import os
import pty
import random
import select
import sys
import time

texts, command = sys.argv[1 : sys.argv.index("--")], sys.argv[sys.argv.index("--") + 1 :]
pauses = random.Random(4)
pid, terminal = pty.fork()
if pid == 0:
    os.execvp(command[0], command)


def rest(seconds):
    """Wait, and read what the other side says meanwhile."""
    until = time.monotonic() + seconds
    while (left := until - time.monotonic()) > 0:
        if select.select([terminal], [], [], left)[0]:
            try:
                os.read(terminal, 65536)
            except OSError:  # the other side is gone
                return


for text in texts:
    rest(1)
    for key in codecs.decode(text, "unicode_escape"):
        os.write(terminal, key.encode())
        rest(pauses.uniform(0.08, 0.25))
rest(1)
os.waitpid(pid, 0)
