-- Replays prepared requests with wrk, for the comparison of the generators.
local file = assert(io.open(os.getenv("REQUESTS"), "rb"))
local requests, next = {}, 0

while true do
  local size = file:read(4)
  if not size then break end
  local a, b, c, d = size:byte(1, 4)
  requests[#requests + 1] = file:read(a + b * 256 + c * 65536 + d * 16777216)
end

function request()
  next = next % #requests + 1
  return requests[next]
end

function done(summary, latency)
  local errors = summary.errors
  io.write(string.format("completed %d micros %d errors %d\n", summary.requests, summary.duration,
    errors.connect + errors.read + errors.write + errors.status + errors.timeout))
end
