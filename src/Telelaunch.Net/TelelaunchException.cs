namespace Telelaunch.Net;

/// <summary>A failure that a person is told about: what happened, and what to do about it.</summary>
/// <remarks>Derived types are named by what still works afterwards.</remarks>
public abstract class TelelaunchException : Exception
{
    private protected TelelaunchException(string code, string cause, string remedy, Exception? inner)
        : base(cause, inner)
    {
        Code = code;
        Remedy = remedy;
    }

    /// <summary>A stable, kebab-case name of the cause, for programs: <c>kubeconfig-not-found</c>.</summary>
    public string Code { get; }

    /// <summary>One line: what to do about it.</summary>
    public string Remedy { get; }
}

/// <summary>The command line asks for something that can't be; nothing was started.</summary>
public sealed class UsageException(string code, string cause, string remedy, Exception? inner = null)
    : TelelaunchException(code, cause, remedy, inner);

/// <summary>The cluster, or the way to its API, said no: the message names verb and resource.</summary>
public sealed class ClusterException(string code, string cause, string remedy, Exception? inner = null)
    : TelelaunchException(code, cause, remedy, inner);

/// <summary>The tunnel can't be used: all its flows are lost.</summary>
public sealed class TunnelException(string code, string cause, string remedy, Exception? inner = null)
    : TelelaunchException(code, cause, remedy, inner);

/// <summary>Something of this machine that every flow needs is missing: a socket, a directory, a kernel feature.</summary>
public sealed class HostException(string code, string cause, string remedy, Exception? inner = null)
    : TelelaunchException(code, cause, remedy, inner);
