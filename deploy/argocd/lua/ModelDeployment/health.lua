-- A ModelDeployment's health, from its conditions: the table of operator/model-deployment/status.ts.
local status = obj.status
if status == nil or status.conditions == nil then
  return { status = "Progressing", message = "Windlass has not looked at it yet." }
end
if status.observedGeneration ~= obj.metadata.generation then
  return { status = "Progressing", message = "Windlass has not looked at the newest spec yet." }
end

local found = {}
for _, condition in ipairs(status.conditions) do
  found[condition.type] = condition
end
local ready = found.Ready
if ready == nil then
  return { status = "Progressing", message = "Windlass has not looked at it yet." }
end

local function holds(type)
  return found[type] ~= nil and found[type].status == "True"
end

-- Ready tells the one cause and the next step, whatever the other conditions are about.
local health = { status = "Progressing", message = ready.reason .. ": " .. (ready.message or "") }
if holds("Stalled") then
  health.status = "Degraded"
elseif ready.reason == "WaitingForPromotion" or ready.reason == "Paused" then
  health.status = "Suspended"
elseif ready.status == "True" and not holds("Reconciling") then
  health.status = "Healthy"
end
return health
