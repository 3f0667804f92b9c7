-- Active and Superseded are both what was asked for; Invalid is a request that cannot be met.
local status = obj.status
if status == nil or status.state == nil then
  return { status = "Progressing", message = "Windlass has not looked at it yet." }
end
local message = status.state .. ": " .. (status.message or "")
if status.state == "Invalid" then
  return { status = "Degraded", message = message }
end
return { status = "Healthy", message = message }
