-- One commit of a response store: spend, leases, booked time and answers, all of it or nothing.
-- KEYS: spend, lease, booked, stop, done, about, claims, alive, identity, then the answers'. ARGV: the time now, the
-- number of this commit, seconds to remember it, the jobs as JSON, then of each answer: value, key, subject. What can fail comes before what writes: a script that fails
-- is not rolled back. Numbers are written by format(): Lua alone would round them to 14 digits.
local SPEND, LEASE, BOOKED, STOP, DONE, ABOUT, CLAIMS, ALIVE, IDENTITY = unpack(KEYS, 1, 9)
local FIRST_ANSWER = 10
local now, number, remember, work = tonumber(ARGV[1]), tonumber(ARGV[2]), ARGV[3], cjson.decode(ARGV[4])
local FIRST_VALUE = 5

local before = redis.call('GET', DONE)
if before then -- an answer was lost on its way and the client asks again: nothing may count twice
  local last = cmsgpack.unpack(before)
  if last[1] == number then
    redis.call('EXPIRE', DONE, remember)
    return { last[2], last[3] }
  elseif last[1] > number then
    return redis.error_reply('STALE this commit was done, and others after it')
  end
end
for _, key in ipairs({ SPEND, LEASE, BOOKED, ABOUT, CLAIMS, ALIVE }) do redis.call('HLEN', key) end -- fails on a key of another type

local function pairs_of(key)
  local flat, i = redis.call('HGETALL', key), -1
  return function()
    i = i + 2
    if flat[i] then return flat[i], flat[i + 1] end
  end
end

local function read_lease(text)
  local calls, tokens, cost, expires = string.match(text, '^(%S+) (%S+) (%S+) (%S+)$')
  return { tonumber(calls), tonumber(tokens), tonumber(cost), tonumber(expires) }
end

local function write_lease(field, lease)
  redis.call('HSET', LEASE, field, string.format('%.0f %.0f %.0f %.6f', unpack(lease)))
end

local function holds(till, seconds) -- as protocol.is_alive
  return now < till and till <= now + seconds + work.skew
end

local function lives(owner)
  return holds(tonumber(redis.call('HGET', ALIVE, owner) or 0), work.claim_seconds)
end

local function beat(owner)
  redis.call('HSET', ALIVE, owner, string.format('%.6f', now + work.claim_seconds))
end

local function used() -- spent or leased: {stage: {calls, tokens, cost}}
  local by_stage, column = {}, { calls = 1, input_tokens = 2, output_tokens = 2, cost = 3 }
  local function add(stage, i, much)
    by_stage[stage] = by_stage[stage] or { 0, 0, 0 }
    by_stage[stage][i] = by_stage[stage][i] + much
  end
  for field, much in pairs_of(SPEND) do
    local name, stage = string.match(field, '^(%l+_?%l*):(.*)$')
    if column[name] then add(stage, column[name], tonumber(much)) end
  end
  for field, text in pairs_of(LEASE) do
    local lease = read_lease(text)
    if holds(lease[4], work.lease_seconds) then
      for i = 1, 3 do add(string.match(field, '\n(.*)$'), i, math.max(lease[i], 0)) end
    end
  end
  return by_stage
end

local function binds(stages, stage)
  for _, name in ipairs(stages) do
    if name == stage then return true end
  end
  return #stages == 0
end

local function granted(stage, least, want, limits) -- as protocol.granted
  local taken = used()
  local function fits(amount)
    for _, limit in ipairs(limits) do
      local stages, ceiling = limit[1], limit[2]
      for i = 1, 3 do
        local much = amount[i]
        for other, part in pairs(taken) do
          if binds(stages, other) then much = much + part[i] end
        end
        if binds(stages, stage) and ceiling[i] ~= 0 and much > ceiling[i] then return false end
      end
    end
    return true
  end
  return fits(want) and want or fits(least) and least or { 0, 0, 0 }
end

local act = {}

function act.ask(owner, stage, least, want, limits)
  local amount, field = granted(stage, least, want, limits), owner .. '\n' .. stage
  local old = redis.call('HGET', LEASE, field)
  local lease = old and read_lease(old) or { 0, 0, 0 }
  for i = 1, 3 do lease[i] = lease[i] + amount[i] end
  lease[4] = now + work.lease_seconds
  write_lease(field, lease)
  return string.format('%.0f %.0f %.0f', unpack(amount))
end

function act.renew(owner)
  beat(owner)
  for field, text in pairs_of(LEASE) do
    if string.match(field, '^(.-)\n') == owner then
      local lease = read_lease(text)
      lease[4] = now + work.lease_seconds
      write_lease(field, lease)
    end
  end
  return redis.call('EXISTS', STOP) .. ' ' .. (redis.call('GET', IDENTITY) or '')
end

function act.release(owner)
  for field, text in pairs_of(LEASE) do
    if string.match(field, '^(.-)\n') == owner or read_lease(text)[4] < now then redis.call('HDEL', LEASE, field) end
  end
  redis.call('HDEL', ALIVE, owner)
  for other, till in pairs_of(ALIVE) do
    if tonumber(till) < now then redis.call('HDEL', ALIVE, other) end
  end
  for key, other in pairs_of(CLAIMS) do
    if not lives(other) then redis.call('HDEL', CLAIMS, key) end
  end
  return ''
end

function act.book(name, seconds, each) -- as protocol.next_begin
  local booked = tonumber(redis.call('HGET', BOOKED, name) or nil)
  local begin = math.max(now, booked or now)
  if begin > now + each then
    local living = 0
    for _, till in pairs_of(ALIVE) do
      if holds(tonumber(till), work.claim_seconds) then living = living + 1 end
    end
    if begin > now + each * living then begin = now end
  end
  local from = booked and seconds < 0 and booked or begin
  redis.call('HSET', BOOKED, name, string.format('%.6f', from + seconds))
  return string.format('%.6f', begin)
end

local function unhex(text)
  return (string.gsub(text, '..', function(two) return string.char(tonumber(two, 16)) end))
end

function act.claim(owner, questions) -- of each question: 1 claimed, 0 another's, 2 answered
  beat(owner)
  local alive, said = { [owner] = false }, {}
  local function others(key)
    local other = redis.call('HGET', CLAIMS, key)
    if other and alive[other] == nil then alive[other] = lives(other) end
    return other and alive[other]
  end
  for i, question in ipairs(questions) do
    local keys, held, answered = {}, false, false
    for j, text in ipairs(question) do
      keys[j] = unhex(text)
      held = held or others(keys[j])
      answered = answered or redis.call('EXISTS', work.prefix .. keys[j]) == 1
    end
    said[i] = held and '0' or answered and '2' or '1'
    if said[i] == '1' then
      for _, key in ipairs(keys) do redis.call('HSET', CLAIMS, key, owner) end
    end
  end
  return table.concat(said)
end

function act.unclaim(owner, keys)
  for _, text in ipairs(keys) do
    local key = unhex(text)
    if redis.call('HGET', CLAIMS, key) == owner then redis.call('HDEL', CLAIMS, key) end
  end
  return ''
end

for _, row in ipairs(work.spend) do
  for i, name in ipairs({ 'calls', 'input_tokens', 'output_tokens', 'cost', 'estimated' }) do
    redis.call('HINCRBY', SPEND, name .. ':' .. row[1], string.format('%.0f', row[i + 1]))
  end
end
for _, row in ipairs(work.taken) do
  local old = redis.call('HGET', LEASE, row[1])
  if old then
    local lease = read_lease(old)
    for i = 1, 3 do lease[i] = lease[i] - row[i + 1] end
    write_lease(row[1], lease)
  end
end
local results, kept = {}, {}
for i, job in ipairs(work.jobs) do results[i] = act[job[1]](unpack(job, 2)) end
for i = FIRST_ANSWER, #KEYS do
  local at = 3 * (i - FIRST_ANSWER) + FIRST_VALUE
  local new = redis.call('SET', KEYS[i], ARGV[at], 'NX')
  redis.call('HDEL', CLAIMS, ARGV[at + 1])
  if new and ARGV[at + 2] ~= '' then redis.call('HSET', ABOUT, ARGV[at + 1], ARGV[at + 2]) end
  kept[#kept + 1] = new and '1' or '0'
end
kept = table.concat(kept)
redis.call('SET', DONE, cmsgpack.pack({ number, kept, results }), 'EX', remember)
return { kept, results }
