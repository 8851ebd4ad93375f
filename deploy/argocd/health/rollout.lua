-- Health of a Rollout, from what Argo Rollouts says of it. A release that waits for somebody is Suspended, one that was
-- aborted is Degraded although the stable pods go on serving.
local verdicts = {
  Healthy = "Healthy",
  Progressing = "Progressing",
  Paused = "Suspended",
  Degraded = "Degraded",
}

local status = obj.status or {}

-- A change that the controller has not seen yet: what it says is about the Rollout before. It writes the generation as text.
local seen = tonumber(status.observedGeneration)
if seen == nil or seen ~= tonumber(obj.metadata.generation) then
  return { status = "Progressing", message = "waiting for Argo Rollouts to see the change" }
end

for _, condition in ipairs(status.conditions or {}) do
  if condition.type == "InvalidSpec" and condition.status == "True" then
    return { status = "Degraded", message = condition.message or "the Rollout is invalid" }
  end
end

if status.abort then
  return { status = "Degraded", message = status.message or "the release was aborted" }
end
-- Stopped by hand, whatever it was doing.
if obj.spec.paused then
  return { status = "Suspended", message = "paused by spec.paused" }
end
return { status = verdicts[status.phase] or "Progressing", message = status.message or "" }
