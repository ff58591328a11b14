using Telelaunch.Fuzz.Tests.Fuzzing;
using Telelaunch.Fuzz.Tests.Targets;

namespace Telelaunch.Fuzz.Tests;

/// <summary>All targets, by name.</summary>
internal static class FuzzTargets
{
    public static IReadOnlyDictionary<string, Func<FuzzTarget>> All { get; } = new Func<FuzzTarget>[]
    {
        () => new MuxFramesTarget(),
        () => new MuxClientTarget(),
        () => new MuxServerTarget(),
        () => new ControlSocketTarget(),
        () => new PodAnswersTarget(),
        () => new DnsQuestionTarget(),
        () => new DnsAnswerTarget(),
        () => new PodResolverTarget(),
        () => new NameServerListenerTarget(),
        () => new KubeconfigTarget(),
        () => new ExecCredentialTarget(),
        () => new PortForwardTarget(),
    }.ToDictionary(create => create().Name);
}
