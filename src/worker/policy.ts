/** Names the policy of the host when it, and not the network, stopped a download. */
import { RoundsError } from '../shared/errors';

/** @returns a function that replaces `download_failed` and `host_unreachable` by start_blocked if the policy forbade to reach the page's own host */
export function watchPolicy(scope: WorkerGlobalScope): (error: RoundsError) => RoundsError {
  let isBlocked = false;
  scope.addEventListener('securitypolicyviolation', (event) => {
    const { effectiveDirective, blockedURI } = event as SecurityPolicyViolationEvent;
    isBlocked ||= effectiveDirective === 'connect-src' && blockedURI.startsWith(scope.location.origin);
  });
  return (error) =>
    isBlocked && (error.code === 'download_failed' || error.code === 'host_unreachable')
      ? new RoundsError(
          'start_blocked',
          "The host’s Content-Security-Policy blocks downloads from the host itself: its connect-src must contain 'self'.",
          { cause: error },
        )
      : error;
}
