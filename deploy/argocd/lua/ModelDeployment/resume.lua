-- Lets a rollout that was paused with the action go on.
if obj.metadata.annotations ~= nil then
  obj.metadata.annotations["windlass.dev/paused"] = nil
end
return obj
