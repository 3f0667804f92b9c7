-- Ends the hold of the step that the rollout is at; step 0 is before the first one.
if obj.metadata.annotations == nil then
  obj.metadata.annotations = {}
end
obj.metadata.annotations["windlass.dev/promote"] = obj.status.candidateNumber .. "/" .. (obj.status.rollout.step or 0)
return obj
