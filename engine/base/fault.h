/*
 * fault.h - named places at which a test can make the process die or a call fail.
 *
 * STANDIN_FAULT=point:N:kill   the Nth time that fault_hit("point") is reached, SIGKILL this very process
 * STANDIN_FAULT=point:N:stop   ... SIGSTOP it: whoever continues it has had the time to change the world meanwhile
 * STANDIN_FAULT=point:N:ERRNO  ... return that error number (a decimal, such as 28 for ENOSPC) instead of doing the work
 * Several are separated by commas. Not set (always, outside of tests): one comparison.
 */
#pragma once

int fault_hit(const char *point); /* 0: go on; otherwise an errno to fail with */
