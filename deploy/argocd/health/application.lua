-- Health of an Application, so that an Application of Applications waits for one wave before it begins the next. One that
-- was not synced yet has nothing, or nothing new, and is not done.
local status = obj.status or {}

local operation = (status.operationState or {}).phase
if operation == "Failed" or operation == "Error" then
  return { status = "Degraded", message = status.operationState.message or "the sync failed" }
end

-- What was there already, as Git has it, needs no sync.
local done = operation == "Succeeded" or (operation == nil and (status.sync or {}).status == "Synced")
local health = status.health or {}
if not done or health.status == nil or health.status == "Missing" or health.status == "Unknown" then
  return { status = "Progressing", message = "waiting for its first sync, or for one that runs" }
end
return { status = health.status, message = health.message or "" }
