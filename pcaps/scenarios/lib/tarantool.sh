# shellcheck shell=bash
# Tarantool with a space of letters, and its own console and net.box as a client.

# tarantool PORT
tarantool() {
    put /srv/letters.lua <<LUA
box.cfg{listen = "$S4:$1", memtx_dir = "/srv", wal_mode = "none", vinyl_dir = "/srv", log_level = 1}
box.schema.user.create("alice", {password = "$PASSWORD"})
box.schema.user.grant("alice", "read,write,execute", "universe")
box.schema.space.create("letters")
box.space.letters:create_index("number")
function greet(name) return "Dear " .. name end
LUA
    put_client /srv/work.lua <<'LUA'
local box_of = require("net.box")
local to, password = arg[1], arg[2]
print(box_of.connect("alice:letmein@" .. to):ping())
local c = box_of.connect("alice:" .. password .. "@" .. to)
c.space.letters:insert{17, "Dear Bob"}
c.space.letters:select{17}
c.space.letters:update({17}, {{"=", 2, "Dear Carol"}})
c.space.letters:delete{17}
print(pcall(function() return c.space.letters:insert{"x"} end))
print(c:call("greet", {"Bob"}))
print(c:eval("return 1 + ...", {1}))
print(pcall(function() return c:call("missing") end))
print(c:ping())
c:close()
os.exit(0)
LUA
    serve tarantool /srv/letters.lua
    listening tcp "$1"
    sleep 0.5
}

# work PORT
work() { client tarantool /srv/work.lua "$S4:$1" "$PASSWORD" >/dev/null 2>&1; }
