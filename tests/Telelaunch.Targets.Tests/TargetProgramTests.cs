using Xunit;

namespace Telelaunch.Targets.Tests;

public sealed class TargetProgramTests(Programs programs) : IClassFixture<Programs>
{
    [Fact]
    public void ChainOfScripts_EndsAtTheBinary()
    {
        var inner = programs.Script("inner", "#!/bin/sh\n");
        var outer = programs.Script("outer", $"#!{inner} -x\n");
        var program = TargetProgram.Inspect(outer, null);
        Assert.Equal([inner, "/bin/sh"], program.Interpreters);
        Assert.Equal("/bin/sh", program.Executable);
        Assert.Null(program.Obstacle);
        Assert.NotNull(program.Image);
    }

    [Fact]
    public void ScriptThatNamesItself_IsAnObstacle()
    {
        var script = programs.Script("ring", $"#!{Path.Combine(programs.Folder, "ring")}\n");
        Assert.Contains("interpreters", TargetProgram.Inspect(script, null).Obstacle);
    }

    [Fact]
    public void MissingInterpreter_IsAnObstacle() =>
        Assert.Equal("names the interpreter '/no/such', which does not exist", TargetProgram.Inspect(programs.Script("broken", "#!/no/such\n"), null).Obstacle);

    [Fact]
    public void MissingInterpreterOfEnv_IsAnObstacle() =>
        Assert.Contains("'no-such' by way of env", TargetProgram.Inspect(programs.Script("broken-env", "#!/usr/bin/env no-such\n"), "/bin").Obstacle);

    [Fact]
    public void OtherMachine_IsAnObstacle() => Assert.Contains("is a program for machine 4660", TargetProgram.Inspect(programs.Foreign(4660), null).Obstacle);

    [Fact]
    public void MissingLoader_IsAnObstacle()
    {
        var image = File.ReadAllBytes(programs.Dynamic());
        var at = image.AsSpan().IndexOf("/ld-linux"u8);
        image[at + 1] = (byte)'X';
        var path = Path.Combine(programs.Folder, "no-loader");
        File.WriteAllBytes(path, image);
        Assert.Contains("needs the loader", TargetProgram.Inspect(path, null).Obstacle);
    }

    [Fact]
    public void TextWithoutInterpreterLine_IsNoObstacle()
    {
        // execvp(3) hands it to /bin/sh.
        var program = TargetProgram.Inspect(programs.Script("text", "exit 0\n"), null);
        Assert.Null(program.Obstacle);
        Assert.Null(program.Image);
    }
}
