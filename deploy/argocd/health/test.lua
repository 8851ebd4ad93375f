-- Runs the health scripts on what Argo CD would hand them: lua5.4 test.lua, in this folder.
local function rollout(status, spec)
  status.observedGeneration = status.observedGeneration or "7"
  return { metadata = { generation = 7 }, spec = spec or {}, status = status }
end

local function application(operation, health)
  return { status = { operationState = { phase = operation, message = "why" }, health = { status = health } } }
end

local cases = {
  { "rollout", "healthy", rollout({ phase = "Healthy" }), "Healthy" },
  { "rollout", "in its steps", rollout({ phase = "Progressing", message = "more replicas" }), "Progressing", "more replicas" },
  { "rollout", "waits for somebody", rollout({ phase = "Paused", message = "CanaryPauseStep" }), "Suspended", "CanaryPauseStep" },
  { "rollout", "gave up", rollout({ phase = "Degraded", message = "ProgressDeadlineExceeded" }), "Degraded", "ProgressDeadlineExceeded" },
  { "rollout", "aborted, whatever its phase", rollout({ phase = "Progressing", abort = true, message = "metric failed" }), "Degraded", "metric failed" },
  { "rollout", "abort that was undone", rollout({ phase = "Healthy", abort = false }), "Healthy" },
  { "rollout", "stopped by hand", rollout({ phase = "Progressing" }, { paused = true }), "Suspended" },
  { "rollout", "invalid", rollout({ phase = "Progressing", conditions = {
    { type = "Available", status = "True" },
    { type = "InvalidSpec", status = "True", message = "no such Service" },
  } }), "Degraded", "no such Service" },
  { "rollout", "was invalid", rollout({ phase = "Healthy", conditions = { { type = "InvalidSpec", status = "False" } } }), "Healthy" },
  { "rollout", "a change that was not seen", rollout({ phase = "Healthy", observedGeneration = "6" }), "Progressing" },
  { "rollout", "an abort before a change that was not seen", rollout({ phase = "Degraded", abort = true, observedGeneration = "6" }), "Progressing" },
  { "rollout", "new", { metadata = { generation = 1 }, spec = {} }, "Progressing" },
  { "rollout", "a phase of a release to come", rollout({ phase = "Dreaming" }), "Progressing" },
  { "application", "synced and healthy", application("Succeeded", "Healthy"), "Healthy" },
  { "application", "synced, its pods come up", application("Succeeded", "Progressing"), "Progressing" },
  { "application", "synced, a release waits", application("Succeeded", "Suspended"), "Suspended" },
  { "application", "synced and broken", application("Succeeded", "Degraded"), "Degraded" },
  { "application", "syncs, and was healthy before", application("Running", "Healthy"), "Progressing" },
  { "application", "cannot be synced", application("Failed", "Healthy"), "Degraded", "why" },
  { "application", "not synced yet", application(nil, "Missing"), "Progressing" },
  { "application", "synced, objects are missing", application("Succeeded", "Missing"), "Progressing" },
  { "application", "there already", { status = { sync = { status = "Synced" }, health = { status = "Healthy" } } }, "Healthy" },
  { "application", "there, but older", { status = { sync = { status = "OutOfSync" }, health = { status = "Healthy" } } }, "Progressing" },
  { "application", "new", {}, "Progressing" },
}

local failures = 0
for _, case in ipairs(cases) do
  local script, name, object, expected, message = table.unpack(case, 1, 5)
  -- As in Argo CD: the object, and no way out.
  local chunk = assert(loadfile(script .. ".lua", "t", { obj = object, ipairs = ipairs, tonumber = tonumber }))
  local verdict = chunk()
  if verdict.status ~= expected or (message and verdict.message ~= message) then
    failures = failures + 1
    io.stderr:write(("health: FAILED: %s, %s: %s (%s)\n"):format(script, name, verdict.status, verdict.message))
  end
end
print(("health: %d cases, %d failures"):format(#cases, failures))
os.exit(failures == 0)
