-- Keeps the rollout of this revision where it is.
if obj.metadata.annotations == nil then
  obj.metadata.annotations = {}
end
obj.metadata.annotations["windlass.dev/paused"] = tostring(obj.status.candidateNumber)
return obj
