-- Which actions make sense now. A disabled one is shown grey.
local status = obj.status or {}
local rollout = status.rollout or {}
local candidate = status.candidateNumber
local serves = status.stableRevision ~= nil
local onItsWay = status.candidateRevision ~= nil
local paused = (obj.metadata.annotations or {})["windlass.dev/paused"]

local waits = false
for _, condition in ipairs(status.conditions or {}) do
  if condition.type == "Ready" then
    waits = condition.reason == "WaitingForPromotion" or condition.reason == "Paused"
  end
end
local held = candidate ~= nil and (rollout.phase == "Shadow" or rollout.phase == "Step" or rollout.phase == "Paused")
-- It serves already, failed while it was watched, and is kept or undone.
local kept = rollout.phase == "Baking" and waits
local isPaused = candidate ~= nil and paused == tostring(candidate)

local function action(name, icon, enabled)
  return { displayName = name, iconClass = "fa fa-fw " .. icon, disabled = not enabled }
end

return {
  ["undo"] = action("Undo", "fa-undo", serves and not onItsWay and (status.revision or 0) > 1),
  ["promote"] = action("Promote to the next step", "fa-step-forward", held),
  ["promote-full"] = action("Promote in full", "fa-fast-forward", held or kept),
  ["abort"] = action("Abort the rollout", "fa-stop", serves and onItsWay),
  ["pause"] = action("Pause the rollout", "fa-pause", candidate ~= nil and not isPaused),
  ["resume"] = action("Resume the rollout", "fa-play", isPaused),
  ["restart"] = action("Restart the pods", "fa-sync-alt", serves and not onItsWay and obj.spec.replicas ~= 0)
}
